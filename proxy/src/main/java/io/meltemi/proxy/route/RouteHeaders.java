package io.meltemi.proxy.route;

/** The header mutations of a route for both directions, less specific levels included. */
public record RouteHeaders(HeaderMutations request, HeaderMutations response) {
  public static final RouteHeaders NONE =
      new RouteHeaders(HeaderMutations.NONE, HeaderMutations.NONE);
}
