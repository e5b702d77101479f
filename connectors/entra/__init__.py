"""Microsoft Entra ID, thin over the protocol connectors: its words for settings and its deviations, nothing else."""
