package io.meltemi.xds.server;

import java.util.List;

/**
 * What went out for an update.
 *
 * @param response false when there was nothing to say
 * @param changed names whose content is new to the client, group by group; the same lists as of
 *     other clients who were sent the same
 * @param removed names the client was told to be gone
 * @param kept names that are gone, which the client was not told so far
 * @param amounts how much of the update was sent, and how much was not
 * @param times what it took
 */
public record Sent(
    boolean response,
    List<List<String>> changed,
    List<String> removed,
    List<String> kept,
    Amounts amounts,
    Times times) {
  static final Sent NOTHING = nothing(Amount.NONE);

  /**
   * Resources of an update, counted.
   *
   * @param all in the response
   * @param again those of them that the client holds already: it asked for it, by the variant that
   *     it speaks or because it has to be told of them anew
   * @param skipped not in the response, because the client holds them
   */
  public record Amounts(Amount all, Amount again, Amount skipped) {}

  /**
   * What a response took, in nanoseconds.
   *
   * @param differenceNanos to find what differs
   * @param writingNanos to hand it to the transport
   */
  public record Times(long differenceNanos, long writingNanos) {
    static final Times NONE = new Times(0, 0);
  }

  /** No response. */
  static Sent nothing(Amount skipped) {
    return new Sent(
        false,
        List.of(),
        List.of(),
        List.of(),
        new Amounts(Amount.NONE, Amount.NONE, skipped),
        Times.NONE);
  }

  /** Size of the resources in the response. */
  public long bytes() {
    return amounts.all().bytes();
  }

  /** How many resources are new to the client. */
  public int changes() {
    int changes = 0;
    for (List<String> names : changed) {
      changes += names.size();
    }
    return changes;
  }
}
