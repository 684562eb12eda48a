"""Record rules with reasons (`records`), table profiles and the gates over them (`gates`)."""
