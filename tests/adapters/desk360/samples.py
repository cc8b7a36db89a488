"""What the specification prints, letter by letter: Desk360 API with samples and webhooks."""

from __future__ import annotations

LOGIN = r"""
{
"access_token" : "1|iybflVqHloQdz9QH4PIkX0q1Od68T9sDrKCtnuxW6f78ad5b" ,
"token_type" : "Bearer"
}
"""

INTEGRATIONS = r"""
[
{
"id" : 11 ,
"display_name" : "YourIntegration1" ,
"phone_number" : "+905554443322"
} ,
{
"id" : 22 ,
"name" : "YourIntegration2" ,
"logo" : "+905555555555"
}
]
"""

TEMPLATES = r"""
[
{
"id" : 75 ,
"name" : "template_02" ,
"category_editable" : false ,
"sendable" : true ,
"category" : {
"value" : 2 ,
"label" : "template-messages.new.custom" ,
"subLabel" : "template-messages.new.custom-subtitle" ,
"status" : 1 ,
"children" : []
} ,
"category_label" : "template-messages.new.custom" ,
"supported_languages" : [
{
"label" : "English" ,
"value" : 1 ,
"filled" : true
} ,
{
"label" : "Türkçe" ,
"value" : 2 ,
"filled" : true
}
] ,
"translations" : [
{
"language_id" : 1 ,
"language" : "English" ,
"header_type" : null ,
"header_variables" : null ,
"header" : null ,
"header_file" : null ,
"body" : "English content test" ,
"body_variables" : null ,
"footer" : null ,
"variables" : [] ,
"buttons" : [] ,
"editable" : true ,
"status" : "template-messages.in-review" ,
"status_value" : 1 ,
"quality" : "template-messages.quality-unavailable" ,
"updated_at" : "2024-05-31T06:33:30.000000Z"
} ,
{
"language_id" : 2 ,
"language" : "Türkçe" ,
"header_type" : {
"value" : 4 ,
"label" : "TEXT"
} ,
"header_variables" : [
{
"id" : "" ,
"key" : "1" ,
"value" : "Header 1"
}
] ,
"header" : "Merhaba {{1}} ," ,
"header_file" : null ,
"body" : "Merhaba {{1}}, Sipariş takip numaranız: {{2}} Bu takip numarası ile siparişinizin durumunu sorgulayabilirsiniz." ,
"body_variables" : [
{
"id" : "" ,
"key" : "1" ,
"value" : "Ahmet Kara"
} ,
{
"id" : "" ,
"key" : "2" ,
"value" : "SP123456789"
}
] ,
"footer" : null ,
"variables" : [
"header-1" ,
"body-1" ,
"body-2"
] ,
"buttons" : [] ,
"editable" : true ,
"status" : "template-messages.active" ,
"status_value" : 2 ,
"quality" : "template-messages.quality-unavailable" ,
"updated_at" : "2024-05-30T12:16:37.000000Z"
}
] ,
"created_at" : "2024-05-30T12:14:28.000000Z" ,
"updated_at" : "2024-05-31T06:33:30.000000Z"
}
]
"""

MEDIA = r"""
{
"medias" : {
"images" : [
{
"url" : "https://my-cdn.desk360.com/integrations/integrationId/attachments/bTARCYuscrcWU20t0dA8aesXufZKVuS0INd8rR5L.png" ,
"name" : "desk360.png" ,
"type" : "image" ,
"aws" : true ,
"content_type" : "image/png" ,
"message_id" : "gBEGkFBXUQRnAgkEg3us4YW8UJE" ,
"media_id" : "cae26b43-1463-44f5-9a81-f4119afbf6d9"
}
]
}
}
"""

LOCATION = r"""
{
"to": "+90xxxxxxxxxx",
"location": {
"longitude": -122.425332,
"latitude": 37.758056,
"name": "Facebook HQ",
"address": "1 Hacker Way, Menlo Park, CA 94025"
}
}
"""

CONTACTS = r"""
{
"to": "+90xxxxxxxxxx",
"contacts": [
{
"addresses": [
{
"city": "Menlo Park",
"country": "United States",
"country_code": "us",
"state": "CA",
"street": "1 Hacker Way",
"type": "HOME",
"zip": "94025"
}
],
"birthday": "2012-08-18",
"emails": [
{
"email": "test@whatsapp.com",
"type": "WORK"
}
],
"name": {
"first_name": "John",
"formatted_name": "John Smith",
"last_name": "Smith"
},
"org": {
"company": "WhatsApp",
"department": "Design",
"title": "Manager"
},
"phones": [
{
"phone": "+1 (650) 555-1234",
"type": "WORK",
"wa_id": "16505551234"
}
],
"urls": [
{
"url": "https://www.facebook.com",
"type": "WORK"
}
]
}
]
}
"""

INTERACTIVE = r"""
{
"to": "+90xxxxxxxxxx",
"header": {
"type": "image",
"image": {
"link": "https://fastly.picsum.photos/id/879/200/300.jpg?hmac=07llkorYxtpw0EwxaeqFKPC5woveWVLykQVnIOyiwd8"
}
},
"body": "<p>Hello</p>",
"footer": {
"text": "<b>Bye</b>"
},
"buttons": [
{
"id": "ID 1.1",
"title": "Button 1"
},
{
"id": "ID 1.2",
"title": "Button 2"
},
{
"id": "ID 1.3",
"title": "Button 3"
}
]
}
"""

LOCATION_REQUEST = r"""
{
"to": "+90xxxxxxxxxx",
"body": "<i>Send Location</i>"
}
"""

READS = r"""
{
"message_ids" : [
"gBEGkFBXUQRnAgn6gWf5CzaF6Ko" ,
"gBEGkFBXUQRnAglHuQTBEMHpUdo"
]
}
"""

WEBHOOK_TEXT = r"""
{
"messages" : {
"id" : "ABEGkFMIcyRoAgo-sGaD-H6MgPEt" ,
"text" : "Hello" ,
"from" : "90xxxxxxxxxx" ,
"timestamp" : "1630913975" ,
"name" : "John Doe" ,
"type" : "text"
}
}
"""

WEBHOOK_LOCATION = r"""
{
"messages" : {
"id" : "ABEGkFBXUQRnAgo6cHkZc1yy0dAx" ,
"text" : "Main Street Beach - Main Street Beach, Santa Cruz, CA, latitude: 38.9806263495, longitude: -131.9428612257" ,
"from" : "90xxxxxxxxxx" ,
"timestamp" : "1700052659" ,
"name" : "John Doe" ,
"location" : {
"address" : "Main Street Beach, Santa Cruz, CA" ,
"latitude" : 38.9806263495 ,
"longitude" : -131.9428612257 ,
"name" : "Main Street Beach"
} ,
"type" : "location"
}
}
"""

WEBHOOK_CONTACTS = r"""
{
"messages" : {
"id" : "ABEGkFBXUQRnAgo6PXn8aI1fmlOm" ,
"from" : "90xxxxxxxxxx" ,
"timestamp" : "1700052797" ,
"name" : "John Doe" ,
"type" : "contacts" ,
"contacts" : [
{
"addresses" : [
{
"city" : "Menlo Park" ,
"country" : "United States" ,
"country_code" : "us" ,
"state" : "CA" ,
"street" : "1 Hacker Way" ,
"type" : "WORK" ,
"zip" : "94025"
}
] ,
"birthday" : "2012-08-18" ,
"emails" : [
{
"email" : "kfish@fb.com" ,
"type" : "WORK"
}
] ,
"ims" : [
{
"service" : "AIM" ,
"user_id" : "kfish"
}
] ,
"name" : {
"first_name" : "Kerry" ,
"formatted_name" : "Kerry Fisher" ,
"last_name" : "Fisher"
} ,
"org" : {
"company" : "Meta" ,
"department" : "WhatsApp"
} ,
"phones" : [
{
"phone" : "+1 (650) 555-1234" ,
"type" : "WORK" ,
"wa_id" : "16505551234"
}
] ,
"urls" : [
{
"url" : "https://www.facebook.com" ,
"type" : "WORK"
}
]
}
]
}
}
"""

WEBHOOK_MEDIA = r"""
{
"messages" : {
"id" : "ABEGkFBXUQRnAgo6xTEQCONO2nW9" ,
"from" : "90xxxxxxxxxx" ,
"timestamp" : "1689756449" ,
"name" : "John Doe" ,
"image" : {
"message" : null ,
"media_id" : "83518734-56a9-4b51-8372-93f1432cfa9b" ,
"mime_type" : "image/jpeg" ,
"sha" : "7e18d97d50eea65a50d9fa93db26e1c689da7c7de64d829b22aad38c4f541510"
} ,
"attachments" : {
"images" : [
{
"url" : "https://path/to/file/9oCtWHWxkv4E0PQhtHA4uW4NRinIROKCO8NEae5p.jpeg" ,
"name" : "9oCtWHWxkv4E0PQhtHA4uW4NRinIROKCO8NEae5p.jpeg" ,
"type" : "image" ,
"aws" : true
}
]
} ,
"type" : "image"
}
}
"""

WEBHOOK_STATUS = r"""
{
"statuses" : {
"id" : "gBEGkFBXUQRnAglM82HET_hbwJs" ,
"from" : "90xxxxxxxxxx" ,
"status" : "delivered|read"
}
}
"""

ERROR = r"""
"error": {
"code" : "failed_validation" ,
"message" : "The to field is required."
"doc_url" : "https://docs.desk360.com/api"
}
}
"""
