"""Language models as policies: frozen models, texts and judges, and the tasks on them."""
