"""Preview sheets: how kinds and campaigns read, by locale and channel, as one page or picture."""
