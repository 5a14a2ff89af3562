package io.meltemi.proxy.route;

/**
 * What a route, virtual host or weighted cluster says to one HTTP filter ({@code
 * typed_per_filter_config}). The filter's own type implements it; immutable.
 */
public interface RouteFilterConfig {
  /** This one laid over that of a less specific place, of which nothing is left as a rule. */
  default RouteFilterConfig over(RouteFilterConfig lessSpecific) {
    return this;
  }
}
