package io.meltemi.proxy.route;

import com.google.protobuf.Any;
import io.meltemi.proxy.parse.ParseScope;
import java.util.Optional;

/** Parses the entries of {@code typed_per_filter_config}; given by the HTTP filters' room. */
@FunctionalInterface
public interface RouteFilterConfigParser {
  /**
   * @param filterName key of the entry: the name of the filter in the chain
   * @return empty when bad or unknown, which is then an error in the scope
   */
  Optional<RouteFilterConfig> parse(String filterName, Any config, ParseScope scope);
}
