"""The marketplace's rules: users, devices, streams, purchases, wallets.

It knows neither HTTP nor SQL nor which node is running; ``ports`` says what it needs of the world.
"""
