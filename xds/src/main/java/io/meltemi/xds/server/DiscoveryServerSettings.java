package io.meltemi.xds.server;

/**
 * Bounds of what peers may ask for. A peer that goes beyond is disconnected with {@code
 * RESOURCE_EXHAUSTED} and counted.
 *
 * @param connectionsMax streams at one time
 * @param typesMax resource types per stream
 * @param namesMax names per type and stream
 * @param nameCharsMax length of one name
 * @param unansweredMax responses per type that wait for an answer; older ones are forgotten
 * @param underWayMax bytes of responses that clients have not read so far, of all streams together;
 *     beyond, no further response is begun, and requests wait for their turn
 */
public record DiscoveryServerSettings(
    int connectionsMax,
    int typesMax,
    int namesMax,
    int nameCharsMax,
    int unansweredMax,
    long underWayMax) {
  public static final DiscoveryServerSettings DEFAULT =
      new DiscoveryServerSettings(20_000, 64, 200_000, 4_096, 128, 64L << 20);

  public DiscoveryServerSettings {
    if (connectionsMax <= 0
        || typesMax <= 0
        || namesMax <= 0
        || nameCharsMax <= 0
        || unansweredMax <= 0
        || underWayMax <= 0) {
      throw new IllegalArgumentException("a limit is not positive (expected: all > 0)");
    }
  }
}
