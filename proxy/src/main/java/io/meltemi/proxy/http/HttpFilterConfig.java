package io.meltemi.proxy.http;

/**
 * A filter's parsed configuration, of the chain or of one route. Immutable; shared by event loops.
 */
public interface HttpFilterConfig {
  /** A new filter for one slot of streams; never shared between event loops. */
  HttpFilter newFilter(HttpFilterContext context);
}
