package io.meltemi.proxy.rbac;

import io.meltemi.proxy.parse.Metadata;
import io.meltemi.proxy.telemetry.DynamicMetadata;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A place in the metadata of a stream or of its route.
 *
 * @param ofRoute whether it is the route's
 * @param namespace such as a filter's name
 * @param fields from the outermost inwards; at least one
 */
record MetadataPath(boolean ofRoute, String namespace, List<String> fields) {
  MetadataPath {
    fields = List.copyOf(fields);
  }

  /** Whether the metadata itself is there: a request without a route has none of it. */
  boolean isKnown(AccessRequest request) {
    return !ofRoute || request.routeMetadata().isPresent();
  }

  @Nullable Object value(AccessRequest request) {
    if (!ofRoute) {
      return request.info().dynamicMetadata.get(namespace, fields);
    }
    Optional<Metadata> route = request.routeMetadata();
    Map<String, Object> values = route.isEmpty() ? null : route.get().filters().get(namespace);
    return values == null ? null : DynamicMetadata.descend(values.get(fields.getFirst()), fields);
  }

  @Override
  public String toString() {
    return (ofRoute ? "route metadata " : "metadata ") + namespace + " " + fields;
  }
}
