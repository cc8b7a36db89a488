"""A knowledge base with what is hard in it, written by each vendor's own calls, and both desks of a migration."""

from __future__ import annotations

from contextlib import contextmanager

from migration.simulators import served

from helpdesk_bridge.model.knowledge import KnowledgeArticle, KnowledgeCategory, KnowledgeFolder, Readers

IMAGE = "https://pictures.example/a.png"
OLD_URL, NEW_URL = "https://old.example/kb/{id}", "https://new.example/help/{id}"


@contextmanager
def emptied(vendor):
    """Serve a desk whose knowledge base holds nothing: Desk365's simulator begins with one article."""
    with served(vendor, 0) as one:
        if vendor == "desk365":
            calls = one.desk.vendor_api
            places = {calls.article(title).category_name for title in calls.articles()}
            for category in places:
                calls.delete_category(category)
        yield one


def text_of(number):
    return (
        f'<p>Step {number} &amp; more. <img src="{IMAGE}" alt="shot"></p><p><a href="https://example.org/x">out</a></p>'
    )


def filled(desk, *, tags=True):
    """Write a knowledge base through the port; return the ids of its articles by title."""
    base = desk.knowledge_base
    ids = {}
    for number, name in enumerate(("Start", "Billing")):
        category = base.create_category(KnowledgeCategory(id="", name=name))
        folders = [
            base.create_folder(KnowledgeFolder(id="", category_id=category, name=one)) for one in ("First", "Later")
        ]
        for place, folder in enumerate(folders):
            title = f"How to {number}-{place}"
            ids[title] = written(base, title, text_of(number), folder, tags=("easy",) if tags else ())
    linked = f'<p>See <a href="{OLD_URL.replace("{id}", ids["How to 0-0"])}#top">that</a>.</p>'
    ids["With a link"] = written(base, "With a link", linked, folders[0])
    return ids


def written(base, title, html, folder, *, readers=Readers.EVERYONE, tags=()):
    article = KnowledgeArticle(id="", title=title, html=html, folder_ids=(folder,), readers=readers, tags=tags)
    made = base.create_article(article)
    base.finish(made, article)
    return made


def folder_of(desk):
    """Return the id of a folder."""
    base = desk.knowledge_base
    base.articles()
    return base.folders(base.categories()[0].id)[0].id
