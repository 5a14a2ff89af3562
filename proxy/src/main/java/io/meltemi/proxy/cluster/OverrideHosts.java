package io.meltemi.proxy.cluster;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnknownFieldSet;
import io.envoyproxy.envoy.config.cluster.v3.LoadBalancingPolicy;
import io.envoyproxy.envoy.type.metadata.v3.MetadataKey;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.parse.NewerFields;
import io.meltemi.proxy.parse.ParseScope;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The policy that goes to hosts that requests name, by its numbers on the wire: no published
 * artifact has its class.
 *
 * @param fallback empty when bad, which is then an error in the scope
 */
record OverrideHosts(List<HostSource> sources, Optional<LoadBalancingPolicy> fallback) {
  private static final int SOURCES = 1;
  private static final int SELECTED_KEY = 2;
  private static final int FALLBACK = 3;
  private static final int HEADER = 1;
  private static final int METADATA = 2;
  private static final OverrideHosts BAD = new OverrideHosts(List.of(), Optional.empty());

  OverrideHosts {
    sources = List.copyOf(sources);
  }

  static OverrideHosts parse(Any any, ParseScope scope) {
    UnknownFieldSet fields;
    try {
      fields = UnknownFieldSet.parseFrom(any.getValue());
    } catch (InvalidProtocolBufferException e) {
      scope.error(any.getTypeUrl(), "a well-formed OverrideHost: " + e.getMessage());
      return BAD;
    }
    if (fields.hasField(SELECTED_KEY)) {
      scope.field("selected_host_key").unsupported("set");
    }
    unknown(fields, FALLBACK, scope);
    List<HostSource> sources = new ArrayList<>();
    List<ByteString> written = fields.getField(SOURCES).getLengthDelimitedList();
    for (int i = 0; i < written.size(); i++) {
      source(written.get(i), scope.field("override_host_sources", i)).ifPresent(sources::add);
    }
    if (written.isEmpty()) {
      scope.field("override_host_sources").error("none", "at least one");
    }
    ParseScope at = scope.field("fallback_policy");
    List<LoadBalancingPolicy> policies =
        NewerFields.messages(fields, FALLBACK, LoadBalancingPolicy.parser(), at);
    if (policies.isEmpty()) {
      at.error("nothing", "a policy");
      return BAD;
    }
    return new OverrideHosts(sources, Optional.of(policies.getLast()));
  }

  private static void unknown(UnknownFieldSet fields, int last, ParseScope scope) {
    for (int number : fields.asMap().keySet()) {
      if (number > last) {
        scope.field("#" + number).error("field number " + number, "a field known to this version");
      }
    }
  }

  private static Optional<HostSource> source(ByteString bytes, ParseScope scope) {
    UnknownFieldSet fields;
    try {
      fields = UnknownFieldSet.parseFrom(bytes);
    } catch (InvalidProtocolBufferException e) {
      scope.error(bytes.size() + " bytes", "a well-formed source: " + e.getMessage());
      return Optional.empty();
    }
    unknown(fields, METADATA, scope);
    String header = NewerFields.text(fields, HEADER);
    List<MetadataKey> keys =
        NewerFields.messages(fields, METADATA, MetadataKey.parser(), scope.field("metadata"));
    if (header.isEmpty() == keys.isEmpty()) {
      scope.error(header.isEmpty() ? "nothing" : "both", "a header or metadata");
      return Optional.empty();
    }
    if (keys.isEmpty()) {
      if (!HeaderName.isValid(header)) {
        scope.field("header").error("\"" + header + "\"", "a header name");
        return Optional.empty();
      }
      return Optional.of(new HostSource.Header(HeaderName.of(header)));
    }
    MetadataKey key = keys.getLast();
    List<String> path = key.getPathList().stream().map(MetadataKey.PathSegment::getKey).toList();
    if (key.getKey().isEmpty() || path.isEmpty()) {
      scope.field("metadata").error("\"" + key.getKey() + "\"", "a key and a path");
      return Optional.empty();
    }
    return Optional.of(new HostSource.Metadata(key.getKey(), path));
  }
}
