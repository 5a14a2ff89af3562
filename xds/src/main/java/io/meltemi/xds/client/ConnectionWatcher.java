package io.meltemi.xds.client;

import java.time.Duration;

/** Hears about the stream. Called on the client's loop only; must not block. */
public interface ConnectionWatcher {
  /** The first response of a new stream arrived. */
  void onConnected();

  /**
   * The stream ended or could not be opened. Everything received stays in force.
   *
   * @param reason for people to read
   * @param retryIn when the next attempt is made
   */
  void onDisconnected(String reason, Duration retryIn);

  /** Cares about nothing. */
  ConnectionWatcher NONE =
      new ConnectionWatcher() {
        @Override
        public void onConnected() {}

        @Override
        public void onDisconnected(String reason, Duration retryIn) {}
      };
}
