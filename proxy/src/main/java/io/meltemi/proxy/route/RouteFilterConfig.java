package io.meltemi.proxy.route;

/**
 * What a route, virtual host or weighted cluster says to one HTTP filter ({@code
 * typed_per_filter_config}). The filter's own type implements it; immutable.
 */
public interface RouteFilterConfig {}
