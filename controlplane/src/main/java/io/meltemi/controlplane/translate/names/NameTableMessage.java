package io.meltemi.controlplane.translate.names;

import com.google.protobuf.DescriptorProtos.DescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.MessageOptions;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.DescriptorValidationException;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.Message;
import java.util.List;
import java.util.Map;

/**
 * Istio's {@code NameTable} on the wire. Two messages of five fields are described here instead of
 * by a generated class.
 *
 * @see <a href="https://github.com/istio/istio/blob/master/pkg/dns/proto/nds.proto">nds.proto</a>
 */
final class NameTableMessage {
  private static final String INFO = "NameInfo";
  private static final String ENTRY = "TableEntry";
  private static final Descriptor TABLE_TYPE = tableType();
  private static final FieldDescriptor TABLE = field(TABLE_TYPE, "table");
  private static final Descriptor ENTRY_TYPE = TABLE.getMessageType();
  private static final Descriptor INFO_TYPE = field(ENTRY_TYPE, "value").getMessageType();

  private NameTableMessage() {}

  /**
   * What is known of a name.
   *
   * @param addresses that the name stands for
   * @param registry where the name comes from
   * @param shortName of a Service, by which clients of its namespace ask too; else empty
   * @param namespace of a Service, else empty
   */
  record Info(List<String> addresses, String registry, String shortName, String namespace) {
    Info {
      addresses = List.copyOf(addresses);
    }
  }

  /** A table of full names. */
  static Message of(Map<String, Info> names) {
    DynamicMessage.Builder table = DynamicMessage.newBuilder(TABLE_TYPE);
    names.forEach(
        (name, info) ->
            table.addRepeatedField(
                TABLE,
                DynamicMessage.newBuilder(ENTRY_TYPE)
                    .setField(field(ENTRY_TYPE, "key"), name)
                    .setField(field(ENTRY_TYPE, "value"), info(info))
                    .build()));
    return table.build();
  }

  private static Message info(Info info) {
    DynamicMessage.Builder message = DynamicMessage.newBuilder(INFO_TYPE);
    info.addresses().forEach(address -> message.addRepeatedField(field(INFO_TYPE, "ips"), address));
    return message
        .setField(field(INFO_TYPE, "registry"), info.registry())
        .setField(field(INFO_TYPE, "shortname"), info.shortName())
        .setField(field(INFO_TYPE, "namespace"), info.namespace())
        .build();
  }

  private static FieldDescriptor field(Descriptor type, String name) {
    FieldDescriptor field = type.findFieldByName(name);
    if (field == null) {
      throw new IllegalStateException(type.getFullName() + " has no field " + name);
    }
    return field;
  }

  private static Descriptor tableType() {
    DescriptorProto info =
        DescriptorProto.newBuilder()
            .setName(INFO)
            .addField(text("ips", 1).setLabel(FieldDescriptorProto.Label.LABEL_REPEATED))
            .addField(text("registry", 2))
            .addField(text("shortname", 3))
            .addField(text("namespace", 4))
            .build();
    DescriptorProto entry =
        DescriptorProto.newBuilder()
            .setName(ENTRY)
            .setOptions(MessageOptions.newBuilder().setMapEntry(true))
            .addField(text("key", 1))
            .addField(message("value", 2, INFO).setLabel(FieldDescriptorProto.Label.LABEL_OPTIONAL))
            .build();
    FileDescriptorProto file =
        FileDescriptorProto.newBuilder()
            .setName("nds.proto")
            .setPackage("istio.networking.nds.v1")
            .setSyntax("proto3")
            .addMessageType(
                DescriptorProto.newBuilder()
                    .setName("NameTable")
                    .addNestedType(info)
                    .addNestedType(entry)
                    .addField(
                        message("table", 1, ENTRY)
                            .setLabel(FieldDescriptorProto.Label.LABEL_REPEATED)))
            .build();
    try {
      return FileDescriptor.buildFrom(file, new FileDescriptor[0]).getMessageTypes().getFirst();
    } catch (DescriptorValidationException e) {
      throw new IllegalStateException("the description of NameTable is wrong", e);
    }
  }

  private static FieldDescriptorProto.Builder text(String name, int number) {
    return FieldDescriptorProto.newBuilder()
        .setName(name)
        .setNumber(number)
        .setType(FieldDescriptorProto.Type.TYPE_STRING)
        .setLabel(FieldDescriptorProto.Label.LABEL_OPTIONAL);
  }

  private static FieldDescriptorProto.Builder message(String name, int number, String type) {
    return FieldDescriptorProto.newBuilder()
        .setName(name)
        .setNumber(number)
        .setType(FieldDescriptorProto.Type.TYPE_MESSAGE)
        .setTypeName(".istio.networking.nds.v1.NameTable." + type);
  }
}
