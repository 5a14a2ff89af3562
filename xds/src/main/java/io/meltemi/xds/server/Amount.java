package io.meltemi.xds.server;

import io.meltemi.xds.resource.EncodedResource;
import java.util.List;

/**
 * So many resources.
 *
 * @param bytes size of their encoded messages
 */
public record Amount(int resources, long bytes) {
  public static final Amount NONE = new Amount(0, 0);

  static Amount of(List<EncodedResource> resources) {
    long bytes = 0;
    for (EncodedResource resource : resources) {
      bytes += resource.sizeBytes();
    }
    return new Amount(resources.size(), bytes);
  }

  Amount plus(Amount other) {
    return new Amount(resources + other.resources, bytes + other.bytes);
  }

  Amount minus(Amount part) {
    return new Amount(resources - part.resources, bytes - part.bytes);
  }
}
