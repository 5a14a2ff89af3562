package io.meltemi.xds.server;

/**
 * So many resources.
 *
 * @param bytes size of their encoded messages
 */
public record Amount(int resources, long bytes) {
  public static final Amount NONE = new Amount(0, 0);
}
