"""The card of a model: its sections in `model_card_template.md`, the tables and code in them, and the metadata."""

from .card import SYSTEM_PROMPT_FILE, TEMPLATE, fill_template, model_card, write_card


__all__ = ["SYSTEM_PROMPT_FILE", "TEMPLATE", "fill_template", "model_card", "write_card"]
