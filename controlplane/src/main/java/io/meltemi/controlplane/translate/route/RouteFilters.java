package io.meltemi.controlplane.translate.route;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.core.v3.RuntimeFractionalPercent;
import io.envoyproxy.envoy.extensions.filters.common.fault.v3.FaultDelay;
import io.envoyproxy.envoy.extensions.filters.http.cors.v3.CorsPolicy;
import io.envoyproxy.envoy.extensions.filters.http.fault.v3.FaultAbort;
import io.envoyproxy.envoy.extensions.filters.http.fault.v3.HTTPFault;
import io.envoyproxy.envoy.type.v3.FractionalPercent;
import io.meltemi.config.kind.virtualservice.HttpFault;
import io.meltemi.config.kind.virtualservice.HttpRoute;
import io.meltemi.controlplane.translate.ProtoValues;
import java.util.Map;
import java.util.TreeMap;

/** The settings that a route carries for HTTP filters: faults and cross-origin rules. */
final class RouteFilters {
  private static final String FAULT = "envoy.filters.http.fault";
  private static final String CORS = "envoy.filters.http.cors";

  private RouteFilters() {}

  /** Filter name to its settings; empty when the route has none. */
  static Map<String, Any> of(HttpRoute.Policy policy) {
    Map<String, Any> filters = new TreeMap<>();
    policy.fault().ifPresent(fault -> filters.put(FAULT, Any.pack(fault(fault))));
    policy.cors().ifPresent(cors -> filters.put(CORS, Any.pack(cors(cors))));
    return filters;
  }

  private static HTTPFault fault(HttpFault fault) {
    HTTPFault.Builder filter = HTTPFault.newBuilder();
    fault
        .delay()
        .ifPresent(
            delay ->
                filter.setDelay(
                    FaultDelay.newBuilder()
                        .setFixedDelay(ProtoValues.duration(delay.fixedDelay()))
                        .setPercentage(ProtoValues.percent(delay.percent()))));
    fault.abort().ifPresent(abort -> abort(filter, abort));
    return filter.build();
  }

  private static void abort(HTTPFault.Builder filter, HttpFault.Abort abort) {
    FaultAbort.Builder settings = FaultAbort.newBuilder();
    abort.percent().ifPresent(percent -> settings.setPercentage(ProtoValues.percent(percent)));
    switch (abort.error()) {
      case HttpFault.AbortError.HttpStatus(int status) -> settings.setHttpStatus(status);
      case HttpFault.AbortError.GrpcStatus(String _, int code) -> settings.setGrpcStatus(code);
      case HttpFault.AbortError.Unset() -> {
        // Envoy refuses an abort without a status; without one there is nothing to do
        return;
      }
    }
    filter.setAbort(settings);
  }

  private static CorsPolicy cors(io.meltemi.config.kind.virtualservice.CorsPolicy cors) {
    CorsPolicy.Builder filter =
        CorsPolicy.newBuilder()
            .setAllowMethods(String.join(",", cors.allowMethods()))
            .setAllowHeaders(String.join(",", cors.allowHeaders()))
            .setExposeHeaders(String.join(",", cors.exposeHeaders()))
            .setFilterEnabled(
                RuntimeFractionalPercent.newBuilder()
                    .setDefaultValue(FractionalPercent.newBuilder().setNumerator(100)))
            .setForwardNotMatchingPreflights(
                switch (cors.unmatchedPreflights()) {
                  case UNSPECIFIED, FORWARD -> ProtoValues.TRUE;
                  case IGNORE -> ProtoValues.FALSE;
                });
    cors.allowOrigins()
        .forEach(origin -> filter.addAllowOriginStringMatch(ProtoValues.stringMatcher(origin)));
    cors.maxAge().ifPresent(age -> filter.setMaxAge(Long.toString(age.toSeconds())));
    cors.allowCredentials()
        .ifPresent(
            allowed -> filter.setAllowCredentials(allowed ? ProtoValues.TRUE : ProtoValues.FALSE));
    return filter.build();
  }
}
