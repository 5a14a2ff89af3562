package io.meltemi.xds.server;

import java.time.Instant;

/**
 * A client's refusal of a response.
 *
 * @param nonce of the response
 * @param message as the client wrote it; cut when very long
 * @param at when it arrived
 */
public record Nack(String nonce, String message, Instant at) {
  private static final int MESSAGE_CHARS_MAX = 16 << 10;

  public Nack {
    if (message.length() > MESSAGE_CHARS_MAX) {
      message = message.substring(0, MESSAGE_CHARS_MAX) + "…";
    }
  }
}
