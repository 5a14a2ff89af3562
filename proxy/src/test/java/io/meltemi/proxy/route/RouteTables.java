package io.meltemi.proxy.route;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.testing.FakeTicker;
import java.util.Optional;

/** Route tables from JSON in single quotes. */
final class RouteTables {
  /** What the fake per-filter parser makes of an entry. */
  record Marker(String value) implements RouteFilterConfig {}

  private RouteTables() {}

  static Validation<RouteTable> parse(String json) {
    RouteConfiguration.Builder proto = RouteConfiguration.newBuilder();
    try {
      JsonFormat.parser()
          .usingTypeRegistry(
              JsonFormat.TypeRegistry.newBuilder()
                  .add(com.google.protobuf.StringValue.getDescriptor())
                  .build())
          .merge(json.replace('\'', '"'), proto);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalArgumentException(json, e);
    }
    return new RouteTableParser(RouteTables::filterConfig, new FakeTicker())
        .parse(proto.build(), Origin.of("test"));
  }

  static RouteTable table(String json) {
    return parse(json).orElseThrow();
  }

  /** A table of one virtual host for all domains. */
  static RouteTable routes(String routes) {
    return table("{'virtual_hosts':[{'name':'all','domains':['*'],'routes':[" + routes + "]}]}");
  }

  /** A route that takes every request. */
  static Route anyRoute() {
    return routes("{'match':{'prefix':''},'route':{'cluster':'c'}}")
        .virtualHosts()
        .getFirst()
        .routes()
        .getFirst();
  }

  private static Optional<RouteFilterConfig> filterConfig(
      String name, Any config, ParseScope scope) {
    if (name.equals("unknown")) {
      scope.unsupported(name);
      return Optional.empty();
    }
    return scope
        .unpack(config, com.google.protobuf.StringValue.class)
        .map(value -> new Marker(value.getValue()));
  }
}
