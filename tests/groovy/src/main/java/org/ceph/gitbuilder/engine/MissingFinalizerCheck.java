package org.ceph.gitbuilder.engine;

import groovyjarjarasm.asm.ClassReader;
import groovyjarjarasm.asm.ClassWriter;
import groovyjarjarasm.asm.MethodVisitor;
import groovyjarjarasm.asm.Opcodes;
import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import org.kohsuke.groovy.sandbox.GroovyInterceptor;

/**
 * groovy-cps 1.31 calls a method of groovy-sandbox 1.21, and Maven Central ends at 1.19: the method is added, empty,
 * before the class is loaded. What is lost is the ban on finalizers in scripts.
 */
final class MissingFinalizerCheck {
  private static final String CLASS = "org/kohsuke/groovy/sandbox/SandboxTransformer";

  private MissingFinalizerCheck() {}

  static void add() throws Exception {
    ClassWriter writer = new ClassWriter(0);
    try (InputStream bytes = Main.class.getClassLoader().getResourceAsStream(CLASS + ".class")) {
      new ClassReader(bytes).accept(writer, 0);
    }
    MethodVisitor method =
        writer.visitMethod(
            Opcodes.ACC_PUBLIC,
            "forbidIfFinalizer",
            "(Lorg/codehaus/groovy/ast/MethodNode;)V",
            null,
            null);
    method.visitCode();
    method.visitInsn(Opcodes.RETURN);
    method.visitMaxs(0, 2);
    method.visitEnd();
    writer.visitEnd();
    MethodHandles.privateLookupIn(GroovyInterceptor.class, MethodHandles.lookup())
        .defineClass(writer.toByteArray());
  }
}
