package io.meltemi.proxy.parse;

import com.google.protobuf.DescriptorProtos.DescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.DescriptorValidationException;
import com.google.protobuf.Descriptors.FileDescriptor;
import io.envoyproxy.envoy.config.cluster.v3.LoadBalancingPolicy;
import io.envoyproxy.envoy.extensions.filters.http.oauth2.v3.OAuth2Config;
import io.envoyproxy.envoy.type.metadata.v3.MetadataKey;

/**
 * Messages that Envoy 1.40 knows and the published classes of its API do not have yet: names and
 * numbers are facts of the wire. A descriptor is made when a configuration has such a message.
 */
public final class NewerMessages {
  /** Full name of the policy that goes to hosts that requests name. */
  public static final String OVERRIDE_HOST =
      "envoy.extensions.load_balancing_policies.override_host.v3.OverrideHost";

  /** Full name of what a route says to the OAuth2 filter; on the wire as that filter's own. */
  public static final String OAUTH2_PER_ROUTE =
      "envoy.extensions.filters.http.oauth2.v3.OAuth2PerRoute";

  private NewerMessages() {}

  public static Descriptor overrideHost() {
    return OverrideHostHolder.DESCRIPTOR;
  }

  public static Descriptor oauth2PerRoute() {
    return OAuth2PerRouteHolder.DESCRIPTOR;
  }

  /** Made at first use. */
  private static final class OverrideHostHolder {
    static final Descriptor DESCRIPTOR =
        build(
            OVERRIDE_HOST,
            DescriptorProto.newBuilder()
                .addNestedType(
                    DescriptorProto.newBuilder()
                        .setName("OverrideHostSource")
                        .addField(
                            FieldDescriptorProto.newBuilder()
                                .setName("header")
                                .setNumber(1)
                                .setType(FieldDescriptorProto.Type.TYPE_STRING))
                        .addField(message("metadata", 2, "envoy.type.metadata.v3.MetadataKey")))
                .addField(
                    message("override_host_sources", 1, OVERRIDE_HOST + ".OverrideHostSource")
                        .setLabel(FieldDescriptorProto.Label.LABEL_REPEATED))
                .addField(message("selected_host_key", 2, "envoy.type.metadata.v3.MetadataKey"))
                .addField(
                    message("fallback_policy", 3, "envoy.config.cluster.v3.LoadBalancingPolicy")),
            MetadataKey.getDescriptor().getFile(),
            LoadBalancingPolicy.getDescriptor().getFile());
  }

  /** Made at first use. */
  private static final class OAuth2PerRouteHolder {
    static final Descriptor DESCRIPTOR =
        build(
            OAUTH2_PER_ROUTE,
            DescriptorProto.newBuilder()
                .addField(
                    message("config", 1, "envoy.extensions.filters.http.oauth2.v3.OAuth2Config")),
            OAuth2Config.getDescriptor().getFile());
  }

  private static FieldDescriptorProto.Builder message(String name, int number, String type) {
    return FieldDescriptorProto.newBuilder()
        .setName(name)
        .setNumber(number)
        .setType(FieldDescriptorProto.Type.TYPE_MESSAGE)
        .setTypeName("." + type);
  }

  private static Descriptor build(
      String fullName, DescriptorProto.Builder message, FileDescriptor... others) {
    int dot = fullName.lastIndexOf('.');
    FileDescriptorProto.Builder file =
        FileDescriptorProto.newBuilder()
            .setName("meltemi/" + fullName + ".proto")
            .setPackage(fullName.substring(0, dot))
            .setSyntax("proto3")
            .addMessageType(message.setName(fullName.substring(dot + 1)));
    for (FileDescriptor other : others) {
      file.addDependency(other.getFullName());
    }
    try {
      return FileDescriptor.buildFrom(file.build(), others).getMessageTypes().getFirst();
    } catch (DescriptorValidationException e) {
      throw new IllegalStateException(fullName, e);
    }
  }
}
