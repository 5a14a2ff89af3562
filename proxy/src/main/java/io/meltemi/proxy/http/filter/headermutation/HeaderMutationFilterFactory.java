package io.meltemi.proxy.http.filter.headermutation;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.extensions.filters.http.header_mutation.v3.HeaderMutation;
import io.envoyproxy.envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute;
import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterFactory;
import io.meltemi.proxy.http.filter.headermutation.HeaderMutationFilter.Mutations;
import io.meltemi.proxy.http.filter.headermutation.HeaderMutationFilter.OfChain;
import io.meltemi.proxy.http.filter.headermutation.HeaderMutationFilter.OfRoute;
import io.meltemi.proxy.parse.NewerFields;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.route.HeaderMutations;
import io.meltemi.proxy.route.HeaderMutationsParser;
import io.meltemi.proxy.route.RouteFilterConfig;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Parses lists of mutations. */
public final class HeaderMutationFilterFactory implements HttpFilterFactory {
  private static final String TYPE_PREFIX =
      "type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.";
  private static final SupportedFields CHAIN =
      SupportedFields.of(HeaderMutation.class, "mutations", "most_specific_header_mutations_wins");
  private static final SupportedFields ROUTE =
      SupportedFields.of(HeaderMutationPerRoute.class, "mutations");
  private static final SupportedFields MUTATIONS =
      SupportedFields.of(
          io.envoyproxy.envoy.extensions.filters.http.header_mutation.v3.Mutations.class,
          "request_mutations",
          "response_mutations",
          "request_trailers_mutations",
          "response_trailers_mutations");

  private final HeaderMutationsParser headers;

  /**
   * @param ticker wall clock of {@code %START_TIME%}
   */
  public HeaderMutationFilterFactory(Ticker ticker) {
    this.headers = new HeaderMutationsParser(ticker);
  }

  @Override
  public String name() {
    return "envoy.filters.http.header_mutation";
  }

  @Override
  public Set<String> typeUrls() {
    return Set.of(TYPE_PREFIX + "HeaderMutation");
  }

  @Override
  public Set<String> routeTypeUrls() {
    return Set.of(TYPE_PREFIX + "HeaderMutationPerRoute");
  }

  @Override
  public Optional<HttpFilterConfig> parse(Any config, ParseScope scope) {
    return scope
        .unpack(config, HeaderMutation.class, CHAIN)
        .map(
            proto ->
                new OfChain(
                    mutations(proto.getMutations(), scope.field("mutations")),
                    proto.getMostSpecificHeaderMutationsWins()));
  }

  @Override
  public Optional<RouteFilterConfig> parseRoute(Any config, ParseScope scope) {
    return scope
        .unpack(config, HeaderMutationPerRoute.class, ROUTE)
        .map(
            proto ->
                new OfRoute(List.of(mutations(proto.getMutations(), scope.field("mutations")))));
  }

  private Mutations mutations(
      io.envoyproxy.envoy.extensions.filters.http.header_mutation.v3.Mutations proto,
      ParseScope scope) {
    MUTATIONS.check(proto, scope);
    return new Mutations(
        headers.parseList(proto.getRequestMutationsList(), scope, "request_mutations"),
        headers.parseList(proto.getResponseMutationsList(), scope, "response_mutations"),
        trailers(
            proto, NewerFields.REQUEST_TRAILERS_MUTATIONS, scope, "request_trailers_mutations"),
        trailers(
            proto, NewerFields.RESPONSE_TRAILERS_MUTATIONS, scope, "response_trailers_mutations"));
  }

  private HeaderMutations trailers(
      io.envoyproxy.envoy.extensions.filters.http.header_mutation.v3.Mutations proto,
      int number,
      ParseScope scope,
      String field) {
    return headers.parseList(
        NewerFields.messages(
            proto.getUnknownFields(),
            number,
            io.envoyproxy.envoy.config.common.mutation_rules.v3.HeaderMutation.parser(),
            scope.field(field)),
        scope,
        field);
  }
}
