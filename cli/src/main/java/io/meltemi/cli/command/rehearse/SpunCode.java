package io.meltemi.cli.command.rehearse;

import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.DirectMethodHandleDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.reflect.AccessFlag;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Writes out what the JVM would spin at the first use of a switch over types and of a record's
 * {@code equals} and {@code hashCode}: classes and method handles that no cache keeps, some
 * milliseconds for each. What the code does stays.
 *
 * @see java.lang.runtime.SwitchBootstraps#typeSwitch
 * @see java.lang.runtime.ObjectMethods#bootstrap
 */
final class SpunCode {
  private static final String OWN = "io/meltemi/";
  private static final ClassDesc SWITCHES = ClassDesc.of("java.lang.runtime.SwitchBootstraps");
  private static final ClassDesc RECORDS = ClassDesc.of("java.lang.runtime.ObjectMethods");
  private static final ClassDesc OBJECTS = ClassDesc.of("java.util.Objects");
  private static final MethodTypeDesc EQUALS =
      MethodTypeDesc.of(ConstantDescs.CD_boolean, ConstantDescs.CD_Object, ConstantDescs.CD_Object);
  private static final MethodTypeDesc HASH_CODE =
      MethodTypeDesc.of(ConstantDescs.CD_int, ConstantDescs.CD_Object);

  /** Classes with the {@code hashCode} and {@code compare} of primitive types. */
  private static final Map<TypeKind, ClassDesc> BOXES =
      Map.of(
          TypeKind.BOOLEAN, ConstantDescs.CD_Boolean,
          TypeKind.BYTE, ConstantDescs.CD_Byte,
          TypeKind.CHAR, ConstantDescs.CD_Character,
          TypeKind.SHORT, ConstantDescs.CD_Short,
          TypeKind.INT, ConstantDescs.CD_Integer,
          TypeKind.LONG, ConstantDescs.CD_Long,
          TypeKind.FLOAT, ConstantDescs.CD_Float,
          TypeKind.DOUBLE, ConstantDescs.CD_Double);

  private SpunCode() {}

  /** The class with such code written out; as it was when it is none of ours or has none. */
  static byte[] writeOut(String name, byte[] content) {
    if (!name.startsWith(OWN) || !name.endsWith(".class")) {
      return content;
    }
    String text = new String(content, StandardCharsets.ISO_8859_1);
    if (!text.contains("java/lang/runtime/")) {
      return content;
    }
    ClassFile classFile = ClassFile.of();
    ClassModel model = classFile.parse(content);
    List<Written> written = new ArrayList<>();
    byte[] changed =
        classFile.transformClass(
            model,
            ClassTransform.transformingMethodBodies(
                    (CodeTransform) (code, element) -> element(model, code, element, written))
                .andThen(
                    ClassTransform.endHandler(builder -> written.forEach(w -> w.add(builder)))));
    return written.isEmpty() ? content : changed;
  }

  private static void element(
      ClassModel model, CodeBuilder code, CodeElement element, List<Written> written) {
    Optional<Written> found =
        element instanceof InvokeDynamicInstruction call
            ? Written.of(model, call, written.size())
            : Optional.empty();
    if (found.isEmpty()) {
      code.with(element);
      return;
    }
    written.add(found.get());
    code.invokestatic(
        model.thisClass().asSymbol(),
        found.get().name(),
        found.get().type(),
        model.flags().has(AccessFlag.INTERFACE));
  }

  /** A method that stands in for one call. */
  private sealed interface Written {
    String name();

    MethodTypeDesc type();

    void write(CodeBuilder code);

    /** Empty when the call is of another kind. */
    static Optional<Written> of(ClassModel model, InvokeDynamicInstruction call, int number) {
      DirectMethodHandleDesc bootstrap = call.bootstrapMethod();
      List<ConstantDesc> arguments = call.bootstrapArgs();
      String name = call.name().stringValue();
      if (bootstrap.owner().equals(SWITCHES) && bootstrap.methodName().equals("typeSwitch")) {
        List<ClassDesc> types = new ArrayList<>();
        for (ConstantDesc argument : arguments) {
          if (!(argument instanceof ClassDesc type) || type.isPrimitive()) {
            return Optional.empty();
          }
          types.add(type);
        }
        return Optional.of(new Switch("spun$" + number, call.typeSymbol(), types));
      }
      if (!bootstrap.owner().equals(RECORDS)) {
        return Optional.empty();
      }
      List<DirectMethodHandleDesc> getters = new ArrayList<>();
      for (ConstantDesc getter : arguments.subList(2, arguments.size())) {
        getters.add((DirectMethodHandleDesc) getter);
      }
      ClassDesc owner = model.thisClass().asSymbol();
      return switch (name) {
        case "equals" ->
            Optional.of(new Equals("spun$" + number, call.typeSymbol(), owner, getters));
        case "hashCode" ->
            Optional.of(new HashCode("spun$" + number, call.typeSymbol(), owner, getters));
        // seldom called
        default -> Optional.empty();
      };
    }

    default void add(ClassBuilder builder) {
      builder.withMethodBody(
          name(),
          type(),
          ClassFile.ACC_PRIVATE | ClassFile.ACC_STATIC | ClassFile.ACC_SYNTHETIC,
          this::write);
    }
  }

  /**
   * Which type, from an index on, an object is of: -1 for null, the number of types for none of
   * them.
   */
  private record Switch(String name, MethodTypeDesc type, List<ClassDesc> types)
      implements Written {
    @Override
    public void write(CodeBuilder code) {
      Label there = code.newLabel();
      code.aload(0).ifnonnull(there).iconst_m1().ireturn().labelBinding(there);
      for (int i = 0; i < types.size(); i++) {
        Label next = code.newLabel();
        code.iload(1).loadConstant(i).if_icmpgt(next);
        code.aload(0).instanceOf(types.get(i)).ifeq(next);
        code.loadConstant(i).ireturn().labelBinding(next);
      }
      code.loadConstant(types.size()).ireturn();
    }
  }

  private record HashCode(
      String name, MethodTypeDesc type, ClassDesc owner, List<DirectMethodHandleDesc> getters)
      implements Written {
    @Override
    public void write(CodeBuilder code) {
      code.iconst_0();
      for (DirectMethodHandleDesc getter : getters) {
        ClassDesc field = getter.invocationType().returnType();
        code.loadConstant(31).imul();
        code.aload(0).getfield(owner, getter.methodName(), field);
        if (field.isPrimitive()) {
          code.invokestatic(
              BOXES.get(TypeKind.from(field)),
              "hashCode",
              MethodTypeDesc.of(ConstantDescs.CD_int, field));
        } else {
          code.invokestatic(OBJECTS, "hashCode", HASH_CODE);
        }
        code.iadd();
      }
      code.ireturn();
    }
  }

  private record Equals(
      String name, MethodTypeDesc type, ClassDesc owner, List<DirectMethodHandleDesc> getters)
      implements Written {
    @Override
    public void write(CodeBuilder code) {
      Label same = code.newLabel();
      Label different = code.newLabel();
      code.aload(0).aload(1).if_acmpeq(same);
      code.aload(1).instanceOf(owner).ifeq(different);
      code.aload(1).checkcast(owner).astore(2);
      for (DirectMethodHandleDesc getter : getters) {
        ClassDesc field = getter.invocationType().returnType();
        code.aload(0).getfield(owner, getter.methodName(), field);
        code.aload(2).getfield(owner, getter.methodName(), field);
        if (field.isPrimitive()) {
          code.invokestatic(
                  BOXES.get(TypeKind.from(field)),
                  "compare",
                  MethodTypeDesc.of(ConstantDescs.CD_int, field, field))
              .ifne(different);
        } else {
          code.invokestatic(OBJECTS, "equals", EQUALS).ifeq(different);
        }
      }
      code.labelBinding(same).iconst_1().ireturn();
      code.labelBinding(different).iconst_0().ireturn();
    }
  }
}
