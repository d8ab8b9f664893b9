"""What can be written of a tenant, with its bounds."""

from auth.scopes import Scope
from loaders.entities import TENANT
from resolvers.tenants import slug_fault
from resolvers.writing.nouns import CURRENCY, NAME, Field, Noun, Reference, matching

TENANT_NOUN = Noun(
    TENANT,
    Scope.TENANTS_WRITE,
    fields=(
        Field(
            "slug",
            "Its name in addresses, unique everywhere: lower case letters, digits and hyphens",
            required=True,
            most=63,
            check=slug_fault,
        ),
        NAME,
        Field("domain", "Its internet domain", most=253),
        Field(
            "email",
            "Where to write to",
            most=254,
            check=matching(r"[^@\s]+@[^@\s]+", "must be an address, such as office@example.com"),
        ),
        Field("phone_home", "A telephone number", most=64),
        Field("phone_mobile", "A telephone number", most=64),
        Field("phone_office", "A telephone number", most=64),
        Field("address_line1", "The address, first line", most=200),
        Field("address_line2", "The address, second line", most=200),
        Field("address_line3", "The address, third line", most=200),
        Field("address_line4", "The address, fourth line", most=200),
        Field("city", "The city or town", most=200),
        Field("postal_code", "The postal code", most=32),
        Field("state", "The state, province or region", most=200),
        Field("country", "The country", most=200),
        Field("organization_name", "The name under which it is registered", most=200),
        Field("organization_number", "The number under which it is registered", most=64),
        Field("vat_number", "Its number for value added tax", most=64),
        Field("id_type", "The kind of a person's identity document", most=64),
        Field("id_number", "The number of a person's identity document", most=64),
        CURRENCY,
        Field(
            "logo_url",
            "Where its logo is found",
            most=2_048,
            check=matching(r"https?://\S+", "must be an address that begins with https:// or http://"),
        ),
        Field(
            "accent_color",
            "Its colour, as #rrggbb",
            most=7,
            check=matching("#[0-9a-fA-F]{6}", "must be a colour such as #1a7f37"),
        ),
    ),
    references=(
        Reference("parent_id", TENANT, "The tenant above it (without one: the tenant that the request acts in)"),
    ),
    tree="parent_id",
    place=("parent_id",),
)
