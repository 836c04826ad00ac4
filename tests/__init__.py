"""Tests of cxr-release."""
