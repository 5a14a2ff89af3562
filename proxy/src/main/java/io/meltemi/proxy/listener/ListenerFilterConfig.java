package io.meltemi.proxy.listener;

/** A listener filter's parsed configuration. Immutable; shared by event loops. */
public interface ListenerFilterConfig {
  /** A filter for one connection. */
  ListenerFilter newFilter();
}
