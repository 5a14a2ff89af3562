package io.meltemi.controlplane.push;

import io.meltemi.common.validation.Origin;
import io.meltemi.xds.resource.TypeUrl;
import java.time.Instant;
import java.util.List;

/**
 * A resource that proxies refused, for people to read.
 *
 * @param count refusals so far
 * @param standing proxies that have taken no later version
 * @param message what was last said of it
 * @param proxy who said it
 * @param sources what it was made of, the most specific first
 */
public record RefusedResource(
    TypeUrl type,
    String name,
    long count,
    int standing,
    String message,
    String proxy,
    Instant at,
    List<Source> sources) {

  /**
   * Configuration that a resource was made of.
   *
   * @param kind such as {@code EnvoyFilter}; empty when no object of the configuration begins there
   * @param object such as {@code default/reviews}; empty as well then
   */
  public record Source(String kind, String object, Origin origin) {
    /** {@code EnvoyFilter default/reviews at file:line}. */
    @Override
    public String toString() {
      return kind.isEmpty() ? origin.toString() : kind + " " + object + " at " + origin;
    }
  }
}
