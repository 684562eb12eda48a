"""Codes of the questionnaire the field fills in, with how often each is heard in the region."""

from __future__ import annotations

ETHNICITY = {
    "KAZAKH": 91.2, "RUSSIAN": 5.2, "AZERBAIJANI": 0.9, "UZBEK": 0.5, "UKRAINIAN": 0.3, "TATAR": 0.3, "KOREAN": 0.2,
    "TURK": 0.15, "GERMAN": 0.15, "CHECHEN": 0.2, "KYRGYZ": 0.1, "BELARUSIAN": 0.1, "OTHER": 0.7,
}  # fmt: skip
LIVELIHOODS = ("WAGE", "OWN_BUSINESS", "PERSONAL_PLOT", "PENSION", "DISABILITY_ALLOWANCE", "STATE_BENEFIT",
               "SOCIAL_AID", "STIPEND", "DEPENDENT", "STATE_MAINTENANCE", "PROPERTY_INCOME", "OTHER")  # fmt: skip
