"""Beanpeak."""
