"""The narrowest set-up of a cloud for a Baseten workload: its documents, judged before they are printed."""
