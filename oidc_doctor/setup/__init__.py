"""The narrowest set-up of a cloud for a Baseten workload, whose documents are judged before printing."""
