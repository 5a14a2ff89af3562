package io.meltemi.controlplane.push;

import java.util.Locale;

/** Why a push happens; as in Istio's metric {@code pilot_push_triggers}. */
public enum PushTrigger {
  ENDPOINT,
  CONFIG,
  SERVICE,
  GLOBAL,
  DEBUG;

  /** The metric's label. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
