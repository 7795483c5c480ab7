"""A text -> where secrets stand in it, told by how they look.

detection         all detectors over a text and over every reading of it
findings          what they report
ordinary          most texts are told at once to hold none
escapes, encodings    other spellings: percent, JSON, HTML, styled and unseen characters; base64, hexadecimal
private_keys, cloud_keys (key_formats), web_tokens, url_credentials, assigned_secrets (placeholders), entropy    credentials
payment_cards, bank_accounts, national_ids (identity_numbers), contacts    what says who a person is, and pays for them
"""

from countersign.masking.detectors.detection import Detectors
from countersign.masking.detectors.findings import DETECTOR_NAMES, Finding

__all__ = ["DETECTOR_NAMES", "Detectors", "Finding"]
