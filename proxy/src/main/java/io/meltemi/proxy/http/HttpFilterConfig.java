package io.meltemi.proxy.http;

/** A filter's parsed configuration in a chain. Immutable; shared by event loops. */
public interface HttpFilterConfig {
  /** A new filter for one slot of streams; never shared between event loops. */
  HttpFilter newFilter(HttpFilterContext context);
}
