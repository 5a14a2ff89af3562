package io.meltemi.proxy.http.filter.headermutation;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.http.FilterStatus;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.route.HeaderMutations;
import io.meltemi.proxy.route.RouteFilterConfig;
import io.meltemi.proxy.telemetry.FormatOutput;
import java.util.ArrayList;
import java.util.List;

/** Changes headers: first as the chain says, then as each place of the route does. */
final class HeaderMutationFilter implements HttpFilter {
  /** What one place changes. */
  record Mutations(
      HeaderMutations request,
      HeaderMutations response,
      HeaderMutations requestTrailers,
      HeaderMutations responseTrailers) {}

  /**
   * @param leastSpecificFirst of the route's places
   */
  record OfChain(Mutations mutations, boolean leastSpecificFirst) implements HttpFilterConfig {
    @Override
    public HttpFilter newFilter(HttpFilterContext context) {
      return new HeaderMutationFilter(this, context);
    }
  }

  /** The places of a route, the most specific one first: all of them count. */
  record OfRoute(List<Mutations> places) implements RouteFilterConfig {
    OfRoute {
      places = List.copyOf(places);
    }

    @Override
    public RouteFilterConfig over(RouteFilterConfig lessSpecific) {
      if (!(lessSpecific instanceof OfRoute(List<Mutations> others))) {
        return this;
      }
      List<Mutations> all = new ArrayList<>(places);
      all.addAll(others);
      return new OfRoute(all);
    }
  }

  private enum Part {
    REQUEST,
    RESPONSE,
    REQUEST_TRAILERS,
    RESPONSE_TRAILERS
  }

  private final OfChain config;
  private final HttpFilterContext context;
  private final FormatOutput scratch = new FormatOutput();

  private HeaderMutationFilter(OfChain config, HttpFilterContext context) {
    this.config = config;
    this.context = context;
  }

  @Override
  public FilterStatus decodeHeaders(HeaderBlock headers, boolean endStream) {
    return change(headers, Part.REQUEST);
  }

  @Override
  public FilterStatus decodeTrailers(HeaderBlock trailers) {
    return change(trailers, Part.REQUEST_TRAILERS);
  }

  @Override
  public FilterStatus encodeHeaders(HeaderBlock headers, boolean endStream) {
    return change(headers, Part.RESPONSE);
  }

  @Override
  public FilterStatus encodeTrailers(HeaderBlock trailers) {
    return change(trailers, Part.RESPONSE_TRAILERS);
  }

  private FilterStatus change(HeaderBlock target, Part part) {
    change(config.mutations, target, part);
    if (context.routeConfig() instanceof OfRoute(List<Mutations> places)) {
      int count = places.size();
      for (int i = 0; i < count; i++) {
        change(places.get(config.leastSpecificFirst ? count - 1 - i : i), target, part);
      }
    }
    return FilterStatus.CONTINUE;
  }

  private void change(Mutations mutations, HeaderBlock target, Part part) {
    HeaderMutations list =
        switch (part) {
          case REQUEST -> mutations.request;
          case RESPONSE -> mutations.response;
          case REQUEST_TRAILERS -> mutations.requestTrailers;
          case RESPONSE_TRAILERS -> mutations.responseTrailers;
        };
    list.apply(target, context.streamInfo(), scratch);
  }
}
