package io.meltemi.bench.scenario;

import java.io.IOException;

/** A peer that does not serve a scenario; the message is what the table says about it. */
final class PeerException extends IOException {
  private static final long serialVersionUID = 1;

  private final String reason;

  PeerException(String reason) {
    super(reason);
    this.reason = reason;
  }

  String reason() {
    return reason;
  }
}
