"""Phrases of the generated helpdesk: five languages, and texts that break programs."""

# Letters of several alphabets look alike, and are meant.
# ruff: noqa: RUF001
from __future__ import annotations

from typing import Final

from attrs import frozen


@frozen
class Language:
    """The phrases of one language. ``{ref}`` stands for an order number."""

    code: str
    subjects: tuple[str, ...]
    greeting: str
    asks: tuple[str, ...]
    answers: tuple[str, ...]
    notes: tuple[str, ...]
    closing: str
    quoted: str
    people: tuple[str, ...]


LANGUAGES: Final = (
    Language(
        "en",
        (
            "Parcel {ref} has not arrived",
            "Invoice {ref} is wrong",
            "Cannot log in since this morning",
            "Refund for {ref}?",
        ),
        "Hello,",
        (
            "the parcel for order {ref} should have been here on Monday.",
            "The invoice {ref} shows the wrong address, could you send a new one?",
            "I tried to reset my password and nothing happens.",
            "It's urgent: our customers' orders can't be shipped without it.",
            "Please see the screenshot.",
        ),
        (
            "thank you for writing. I have asked the carrier about {ref}.",
            "We have sent the corrected document for {ref} a minute ago.",
            "Could you tell us which browser you use?",
            "Your refund is on its way; it takes 3–5 working days.",
        ),
        (
            "Carrier says {ref} was left with a neighbour.",
            "Billing confirmed, waiting for the customer.",
            "Second complaint.",
        ),
        "Kind regards",
        "On that day you wrote:",
        ("Ann Lee", "Siobhán O'Brien", 'Robert "Bob" Hill', "Jean-Luc d'Arcy", "Zoë Smith"),
    ),
    Language(
        "tr",
        (
            "{ref} numaralı siparişim gelmedi",
            "Fatura hatalı: {ref}",
            "Şifremi değiştiremiyorum",
            "İade ne zaman yapılır?",
        ),
        "Merhaba,",
        (
            "{ref} numaralı siparişim hâlâ gelmedi, nerede olduğunu öğrenebilir miyim?",
            "Faturadaki adres yanlış; düzeltip yeniden gönderir misiniz?",
            "Uygulama açılmıyor, IĞDIR şubesinde de aynı.",
        ),
        (
            "mesajınız için teşekkürler, {ref} için kargo ile görüştük.",
            "Düzeltilmiş faturayı ekte bulabilirsiniz.",
            "İadeniz üç iş günü içinde hesabınıza geçecek.",
        ),
        ("Müşteri {ref} için ikinci kez aradı.", "Muhasebeye soruldu."),
        "Saygılarımla",
        "Şunu yazmıştınız:",
        ("Ayşe Yılmaz", "İbrahim Çelik", "Gökçe Şahin", "Ilgın Öztürk"),
    ),
    Language(
        "ru",
        ("Не пришёл заказ {ref}", "Ошибка в счёте {ref}", "Не могу войти в личный кабинет", "Когда вернут деньги?"),
        "Здравствуйте!",
        (
            "Заказ {ref} до сих пор не пришёл, хотя обещали в понедельник.",
            "В счёте указан неверный адрес, пришлите, пожалуйста, новый.",
            "При входе появляется «Ошибка 500».",
        ),
        (
            "Спасибо за обращение, мы уточнили статус заказа {ref}.",
            "Исправленный счёт во вложении.",
            "Деньги вернутся в течение трёх рабочих дней.",
        ),
        ("Клиент уже звонил по заказу {ref}.", "Бухгалтерия подтвердила."),
        "С уважением",
        "Вы писали:",
        ("Анна Ёлкина", "Пётр Щукин", "Мария Объедкова"),
    ),
    Language(
        "de",
        (
            "Paket {ref} ist nicht angekommen",
            "Rechnung {ref} fehlerhaft",
            "Anmeldung schlägt fehl",
            "Rückerstattung für {ref}",
        ),
        "Guten Tag,",
        (
            "die Bestellung {ref} sollte am Montag hier sein, ist es aber nicht.",
            "Auf der Rechnung steht die alte Anschrift (Größe der Straße: egal).",
            "Seit gestern kann ich mich nicht mehr anmelden.",
        ),
        (
            "vielen Dank für Ihre Nachricht, zu {ref} haben wir nachgefragt.",
            "Die korrigierte Rechnung finden Sie im Anhang.",
            "Die Erstattung dauert drei Werktage.",
        ),
        ("Kunde hat wegen {ref} zweimal angerufen.", "Mit der Buchhaltung geklärt."),
        "Mit freundlichen Grüßen",
        "Sie schrieben:",
        ("Jürgen Groß", "Käthe Müller-Lüdenscheidt", "Søren Østergård"),
    ),
    Language(
        "ar",
        ("لم يصل الطلب {ref}", "خطأ في الفاتورة {ref}", "لا أستطيع تسجيل الدخول", "متى يتم رد المبلغ؟"),
        "مرحباً،",
        (
            "لم يصل الطلب {ref} حتى الآن، أين هو؟",
            "العنوان في الفاتورة غير صحيح، أرجو إرسال نسخة جديدة.",
            "يظهر خطأ عند تسجيل الدخول.",
        ),
        (
            "شكراً لتواصلكم، سألنا شركة الشحن عن {ref}.",
            "تجدون الفاتورة المصححة في المرفقات.",
            "يتم رد المبلغ خلال ثلاثة أيام عمل.",
        ),
        ("اتصل العميل مرتين بخصوص {ref}.", "تم التأكيد مع المحاسبة."),
        "مع أطيب التحيات",
        "كتبتم:",
        ("ليلى حسن", "محمد عبد الرحمن", "نور الدين"),
    ),
)

NASTY: Final = (
    "Works again 🎉👩🏽‍💻🇹🇷 — thanks!",
    "Combining: e\u0301 n\u0303 A\u030a, ligature ﬁ, full width ＡＢＣ, Thai ภาษาไทย",
    "Marks: \u200f(right to left)\u200e, \u202eoverride\u202c, zero\u200bwidth, soft\u00adhyphen, no\u00a0break",
    "=cmd|' /C calc'!A1 and +1 -2 @SUM(1;1) with \"quotes\", 'single' and back\\slash",
    "{{ template }} ${shell} %s %(name)s <b>not bold</b> &amp; &lt;entity&gt; a]]>b",
    "A long line: " + "0123456789 " * 220 + "end.",
    "Table:\n1\t2\t3\n\n\n-- \nFrom the top\n.\n> quoted > twice\n\tindented",
    "../../etc/passwd C:\\Users\\x https://example.com/?a=1&b=[2]#frag 50% off; DROP TABLE tickets; --",
)
"""Texts that break careless programs; none holds NUL, and none begins or ends with a blank."""

NASTY_HTML: Final = (
    '<p>See <a href="javascript:alert(\'x\')" onclick="steal()">this</a><script>alert(1)</script></p>',
    '<style>p{display:none}</style><p style="color:red">Styled</p><img src="https://tracker.invalid/pixel.gif" width=1>',
    "<table><tr><td>a<td>b</table><ul><li>one<li>two</ul><p>unclosed <b>bold",
)
"""HTML that arrives by mail and must never reach a browser as it is."""
