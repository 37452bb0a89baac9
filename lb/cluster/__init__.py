"""The API server: what we read from it by watching, and the few things that we write to it.

An adapter: it decides nothing about load balancing. Everything runs on one asyncio loop.
"""
