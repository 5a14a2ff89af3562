package io.meltemi.config.kind.gatewayapi;

import java.util.List;

/**
 * A target and its share of the requests.
 *
 * @param weight relative to the sum of all; 0 takes nothing
 * @param filters applied to its share only
 */
public record Backend(BackendRef target, int weight, List<HttpFilter> filters) {
  public Backend {
    filters = List.copyOf(filters);
  }
}
