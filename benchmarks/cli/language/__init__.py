"""Make a language model of your own: pretrain, sft, prefer, reward, train, one stage after another."""
