"""Record rules with reasons, table profiles and the gates over them."""
