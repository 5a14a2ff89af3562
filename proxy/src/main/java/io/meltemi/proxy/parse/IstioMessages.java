package io.meltemi.proxy.parse;

import com.google.protobuf.DescriptorProtos.DescriptorProto;
import com.google.protobuf.DescriptorProtos.EnumDescriptorProto;
import com.google.protobuf.DescriptorProtos.EnumValueDescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.DescriptorValidationException;
import com.google.protobuf.Descriptors.FileDescriptor;

/**
 * The messages of Istio's own filters, as far as they are used: field numbers and names are facts
 * of the wire, and no published artifact has the classes. The names are constants, so that who only
 * knows a message by name does not make its descriptor. Any thread.
 */
public final class IstioMessages {
  /** Full name of the message of {@code istio.alpn}. */
  public static final String ALPN_NAME =
      "istio.envoy.config.filter.http.alpn.v2alpha1.FilterConfig";

  /** Full name of the message of {@code istio.stats}. */
  public static final String STATS_NAME = "stats.PluginConfig";

  /** {@code istio.alpn}. */
  public static final Descriptor ALPN = alpn();

  /** {@code istio.stats}. */
  public static final Descriptor STATS = stats();

  private IstioMessages() {}

  private static Descriptor alpn() {
    String name = "istio.envoy.config.filter.http.alpn.v2alpha1";
    DescriptorProto override =
        DescriptorProto.newBuilder()
            .setName("AlpnOverride")
            .addField(
                field(
                        "upstream_protocol",
                        1,
                        FieldDescriptorProto.Type.TYPE_ENUM,
                        FieldDescriptorProto.Label.LABEL_OPTIONAL)
                    .setTypeName("." + name + ".FilterConfig.Protocol"))
            .addField(
                field(
                    "alpn_override",
                    2,
                    FieldDescriptorProto.Type.TYPE_STRING,
                    FieldDescriptorProto.Label.LABEL_REPEATED))
            .build();
    DescriptorProto config =
        DescriptorProto.newBuilder()
            .setName("FilterConfig")
            .addEnumType(
                EnumDescriptorProto.newBuilder()
                    .setName("Protocol")
                    .addValue(value("HTTP10", 0))
                    .addValue(value("HTTP11", 1))
                    .addValue(value("HTTP2", 2)))
            .addNestedType(override)
            .addField(
                field(
                        "alpn_override",
                        1,
                        FieldDescriptorProto.Type.TYPE_MESSAGE,
                        FieldDescriptorProto.Label.LABEL_REPEATED)
                    .setTypeName("." + name + ".FilterConfig.AlpnOverride"))
            .build();
    return build(name, config);
  }

  private static Descriptor stats() {
    return build(
        "stats",
        DescriptorProto.newBuilder()
            .setName("PluginConfig")
            .addField(
                field(
                    "disable_host_header_fallback",
                    6,
                    FieldDescriptorProto.Type.TYPE_BOOL,
                    FieldDescriptorProto.Label.LABEL_OPTIONAL))
            .build());
  }

  private static FieldDescriptorProto.Builder field(
      String name, int number, FieldDescriptorProto.Type type, FieldDescriptorProto.Label label) {
    return FieldDescriptorProto.newBuilder()
        .setName(name)
        .setNumber(number)
        .setType(type)
        .setLabel(label);
  }

  private static EnumValueDescriptorProto value(String name, int number) {
    return EnumValueDescriptorProto.newBuilder().setName(name).setNumber(number).build();
  }

  /** A message in a file of its own. */
  static Descriptor build(String packageName, DescriptorProto message) {
    FileDescriptorProto file =
        FileDescriptorProto.newBuilder()
            .setName(packageName + ".proto")
            .setPackage(packageName)
            .setSyntax("proto3")
            .addMessageType(message)
            .build();
    try {
      return FileDescriptor.buildFrom(file, new FileDescriptor[0])
          .findMessageTypeByName(message.getName());
    } catch (DescriptorValidationException e) {
      throw new IllegalStateException(packageName, e);
    }
  }
}
