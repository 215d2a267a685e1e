//! inro-wallet: the wallet engine at a terminal, over a software key store.
