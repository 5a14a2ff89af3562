package io.meltemi.cli.command.rehearse;

import com.google.protobuf.DescriptorProtos.DescriptorProto;
import com.google.protobuf.DescriptorProtos.EnumDescriptorProto;
import com.google.protobuf.DescriptorProtos.EnumValueDescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.OneofDescriptorProto;
import com.google.protobuf.InvalidProtocolBufferException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeModel;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Takes the annotations out of the descriptors that generated message classes carry. Every file of
 * Envoy's API is annotated with validation rules and versions, and its class reads its descriptor a
 * second time to understand them. No proxy asks for an annotation, yet reading them was half of a
 * proxy's start.
 */
final class ThinDescriptors {
  private static final String FILE_DESCRIPTOR = "com/google/protobuf/Descriptors$FileDescriptor";
  private static final ClassDesc PLAIN_FILE = ClassDesc.of("com.google.protobuf.AnyProto");

  /** Packages of files that only declare annotations. */
  private static final List<String> ANNOTATIONS =
      List.of(
          "io/envoyproxy/pgv/validate/",
          "udpa/annotations/",
          "xds/annotations/",
          "com/github/xds/annotations/",
          "io/envoyproxy/envoy/annotations/",
          "com/google/api/");

  private ThinDescriptors() {}

  /** The class without its annotations; as it was when it carries no descriptor. */
  static byte[] thin(String name, byte[] content) {
    if (!name.endsWith(".class")
        || name.startsWith("com/google/protobuf/")
        || isAnnotation(name)
        || !new String(content, StandardCharsets.ISO_8859_1)
            .contains("internalUpdateFileDescriptor")) {
      return content;
    }
    ClassFile classFile = ClassFile.of(ClassFile.DebugElementsOption.DROP_DEBUG);
    ClassModel model = classFile.parse(content);
    Optional<List<String>> texts = texts(model);
    if (texts.isEmpty()) {
      return content;
    }
    return classFile.transformClass(
        model,
        ClassTransform.transformingMethodBodies(
            ThinDescriptors::isInitializer,
            CodeTransform.ofStateful(() -> new Transform(texts.get()))));
  }

  private static boolean isInitializer(MethodModel method) {
    return method.methodName().equalsString(ConstantDescs.CLASS_INIT_NAME);
  }

  private static boolean isAnnotation(String name) {
    return ANNOTATIONS.stream().anyMatch(name::startsWith);
  }

  private static boolean isCall(CodeElement element, String owner, String method) {
    return element instanceof InvokeInstruction call
        && call.owner().asInternalName().equals(owner)
        && call.name().equalsString(method);
  }

  /** The pieces of the thin descriptor, as many as the class has of its own. */
  private static Optional<List<String>> texts(ClassModel model) {
    Optional<CodeModel> code =
        model.methods().stream()
            .filter(ThinDescriptors::isInitializer)
            .findFirst()
            .flatMap(MethodModel::code);
    if (code.isEmpty()) {
      return Optional.empty();
    }
    StringBuilder whole = new StringBuilder();
    int pieces = 0;
    for (CodeElement element : code.get()) {
      if (isCall(element, FILE_DESCRIPTOR, "internalBuildGeneratedFileFrom")) {
        return Optional.of(split(thin(whole.toString()), pieces));
      }
      if (element instanceof ConstantInstruction.LoadConstantInstruction load
          && load.constantValue() instanceof String text) {
        whole.append(text);
        pieces++;
      }
    }
    return Optional.empty();
  }

  private static List<String> split(String text, int pieces) {
    List<String> parts = new ArrayList<>();
    for (int i = 0; i < pieces; i++) {
      parts.add(text.substring(text.length() * i / pieces, text.length() * (i + 1) / pieces));
    }
    return parts;
  }

  private static String thin(String descriptor) {
    try {
      FileDescriptorProto.Builder file =
          FileDescriptorProto.parseFrom(descriptor.getBytes(StandardCharsets.ISO_8859_1))
              .toBuilder();
      file.clearOptions().clearService().clearSourceCodeInfo();
      file.getMessageTypeBuilderList().forEach(ThinDescriptors::thin);
      file.getEnumTypeBuilderList().forEach(ThinDescriptors::thin);
      return file.build().toByteString().toString(StandardCharsets.ISO_8859_1);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalArgumentException("not a descriptor", e);
    }
  }

  private static void thin(DescriptorProto.Builder message) {
    boolean mapEntry = message.getOptions().getMapEntry();
    message.clearOptions();
    if (mapEntry) {
      message.getOptionsBuilder().setMapEntry(true);
    }
    message.getOneofDeclBuilderList().forEach(OneofDescriptorProto.Builder::clearOptions);
    message.getFieldBuilderList().forEach(ThinDescriptors::thin);
    message.getNestedTypeBuilderList().forEach(ThinDescriptors::thin);
    message.getEnumTypeBuilderList().forEach(ThinDescriptors::thin);
  }

  private static void thin(FieldDescriptorProto.Builder field) {
    boolean hasPacked = field.getOptions().hasPacked();
    boolean packed = field.getOptions().getPacked();
    field.clearOptions();
    if (hasPacked) {
      field.getOptionsBuilder().setPacked(packed);
    }
  }

  private static void thin(EnumDescriptorProto.Builder type) {
    boolean alias = type.getOptions().getAllowAlias();
    type.clearOptions();
    if (alias) {
      type.getOptionsBuilder().setAllowAlias(true);
    }
    type.getValueBuilderList().forEach(EnumValueDescriptorProto.Builder::clearOptions);
  }

  /** Straight code: the texts, the files depended on, and at last the second reading. */
  private static final class Transform implements CodeTransform {
    private final List<String> texts;
    private int next;
    private boolean built;
    private boolean inUpdate;

    Transform(List<String> texts) {
      this.texts = texts;
    }

    @Override
    public void accept(CodeBuilder builder, CodeElement element) {
      built |= isCall(element, FILE_DESCRIPTOR, "internalBuildGeneratedFileFrom");
      inUpdate |= isCall(element, "com/google/protobuf/ExtensionRegistry", "newInstance");
      if (inUpdate) {
        inUpdate = !isCall(element, FILE_DESCRIPTOR, "internalUpdateFileDescriptor");
      } else if (!built
          && element instanceof ConstantInstruction.LoadConstantInstruction load
          && load.constantValue() instanceof String) {
        builder.loadConstant(texts.get(next++));
      } else if (element instanceof InvokeInstruction call
          && call.name().equalsString("getDescriptor")
          && isAnnotation(call.owner().asInternalName())) {
        builder.invokestatic(PLAIN_FILE, "getDescriptor", call.typeSymbol());
      } else {
        builder.with(element);
      }
    }
  }
}
