package io.meltemi.proxy.codec;

/**
 * Limits of one head or of one set of trailers.
 *
 * @param bytesMax of the whole head with its line ends
 * @param headersMax number of field lines
 */
public record HeadLimits(int bytesMax, int headersMax) {
  /** Envoy's defaults. */
  public static final HeadLimits DEFAULT = new HeadLimits(60 * 1024, 100);

  public HeadLimits {
    if (bytesMax < 64 || headersMax < 1) {
      throw new IllegalArgumentException(
          "head limits: " + bytesMax + ", " + headersMax + " (expected: >= 64 and >= 1)");
    }
  }
}
