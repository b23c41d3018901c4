package org.ceph.gitbuilder.engine;

import groovy.lang.Closure;
import groovy.lang.GString;
import java.io.File;
import java.util.List;
import java.util.Map;
import org.kohsuke.groovy.sandbox.GroovyInterceptor;

/**
 * Refuses what Jenkins' sandbox refuses. The lists are data (sandbox.json): what was tried on a live controller,
 * and what its list of approved signatures holds; everything else is refused.
 */
final class Sandbox extends GroovyInterceptor {
  private final boolean isOn;
  private final Map<String, List<String>> methods;
  private final Map<String, List<String>> statics;
  private final Map<String, List<String>> constructors;
  /** Of every object, also of the script's own. */
  private final List<String> refusedOfAll;
  private final List<String> refused;
  private ClassLoader own;

  @SuppressWarnings("unchecked") // JSON of our own file
  Sandbox(boolean isOn, File list) {
    this.isOn = isOn;
    Map<String, Object> data = (Map<String, Object>) new groovy.json.JsonSlurper().parse(list);
    methods = (Map<String, List<String>>) data.get("methods");
    statics = (Map<String, List<String>>) data.get("statics");
    constructors = (Map<String, List<String>>) data.get("constructors");
    refusedOfAll = (List<String>) data.get("refusedOfAll");
    refused = (List<String>) data.get("refused");
  }

  /** org.jenkinsci.plugins.scriptsecurity.sandbox.RejectedAccessException. */
  public static final class RejectedAccessException extends SecurityException {
    private static final long serialVersionUID = 1;

    RejectedAccessException(String what) {
      super("Scripts not permitted to use " + what);
    }
  }

  void enter(ClassLoader loader, int thread) {
    if (!isOn) return;
    own = loader;
    register();
  }

  void leave() {
    if (isOn) unregister();
  }

  @Override
  public Object onMethodCall(Invoker invoker, Object receiver, String name, Object... args)
      throws Throwable {
    if (receiver instanceof Class<?> type) {
      if (!allowsStatic(type, name, args)) throw new RejectedAccessException("method " + type.getName() + " " + name);
    } else if (!allows(receiver, name, args)) {
      throw new RejectedAccessException("method " + receiver.getClass().getName() + " " + name + " " + types(args));
    }
    return invoker.call(receiver, name, args);
  }

  @Override
  public Object onStaticCall(Invoker invoker, Class receiver, String name, Object... args)
      throws Throwable {
    if (!allowsStatic(receiver, name, args)) {
      throw new RejectedAccessException("staticMethod " + receiver.getName() + " " + name + " " + types(args));
    }
    return invoker.call(receiver, name, args);
  }

  @Override
  public Object onNewInstance(Invoker invoker, Class receiver, Object... args) throws Throwable {
    if (!isOwn(receiver) && !allowsConstructor(receiver, args)) {
      throw new RejectedAccessException("new " + receiver.getName() + " " + types(args));
    }
    return invoker.call(receiver, null, args);
  }

  @Override
  public void onSuperConstructor(Invoker invoker, Class receiver, Object... args) {
    // The base class of scripts, and the classes that classes of the library extend.
    if (receiver != EngineScript.class && receiver != Object.class && !isOwn(receiver)
        && !allowsConstructor(receiver, args)) {
      throw new RejectedAccessException("new " + receiver.getName());
    }
  }

  @Override
  public Object onGetProperty(Invoker invoker, Object receiver, String name) throws Throwable {
    if (!allowsProperty(receiver, name, "get")) {
      throw new RejectedAccessException("field " + typeOf(receiver) + " " + name);
    }
    return invoker.call(receiver, name);
  }

  @Override
  public Object onSetProperty(Invoker invoker, Object receiver, String name, Object value)
      throws Throwable {
    if (!allowsProperty(receiver, name, "set")) {
      throw new RejectedAccessException("field " + typeOf(receiver) + " " + name);
    }
    return invoker.call(receiver, name, value);
  }

  private boolean allowsProperty(Object receiver, String name, String kind) {
    if (receiver == null) return true;
    String getter = kind + Character.toUpperCase(name.charAt(0)) + name.substring(1);
    if (refusedOfAll.contains(getter)) return false;
    if (receiver instanceof Class<?> type) {
      return isOwn(type) || listed(methods, Class.class, getter, new Object[0]);
    }
    if (name.equals("class") || receiver instanceof Map || isOurs(receiver)) return true;
    // Lists spread a property over what they hold.
    return allows(receiver, getter, new Object[0]) || (receiver instanceof List && kind.equals("get"));
  }

  private boolean allows(Object receiver, String name, Object[] args) {
    if (receiver == null) return true;
    if (refusedOfAll.contains(name)) return false;
    if (isOurs(receiver) || receiver instanceof Closure) return true;
    if (refused.contains(name) || refused.contains(name + " " + types(args))) return false;
    return listed(methods, receiver.getClass(), name, args);
  }

  private boolean allowsStatic(Class<?> type, String name, Object[] args) {
    if (refusedOfAll.contains(name) || name.equals("forName")) return false;
    return isOwn(type) || listed(methods, Class.class, name, args) || listed(statics, type, name, args);
  }

  private boolean allowsConstructor(Class<?> type, Object[] args) {
    List<String> shapes = constructors.get(type.getName());
    return shapes != null && (shapes.contains("*") || shapes.contains(types(args)));
  }

  /** Under the class, or anything that it extends or implements. */
  private static boolean listed(
      Map<String, List<String>> table, Class<?> type, String name, Object[] args) {
    String shape = name + " " + types(args);
    for (Map.Entry<String, List<String>> row : table.entrySet()) {
      List<String> names = row.getValue();
      if (!names.contains(name) && !names.contains(shape) && !names.contains("*")) continue;
      if (isA(type, row.getKey())) return true;
    }
    return false;
  }

  private static boolean isA(Class<?> type, String name) {
    if (type == null) return false;
    if (type.getName().equals(name)) return true;
    for (Class<?> each : type.getInterfaces()) if (isA(each, name)) return true;
    return isA(type.getSuperclass(), name);
  }

  /** Objects of the script's classes, and those that Jenkins gives to scripts. */
  private boolean isOurs(Object receiver) {
    return isOwn(receiver.getClass())
        || receiver instanceof GString
        || receiver.getClass().getName().startsWith("org.ceph.gitbuilder.engine.")
        || receiver.getClass().getName().startsWith("org.jenkinsci.plugins.workflow.steps.");
  }

  private boolean isOwn(Class<?> type) {
    ClassLoader loader = type.getClassLoader();
    return loader == own || (loader != null && loader.getParent() == own);
  }

  private static String typeOf(Object receiver) {
    return receiver instanceof Class<?> type ? type.getName() : receiver.getClass().getName();
  }

  private static String types(Object[] args) {
    StringBuilder types = new StringBuilder();
    for (Object arg : args) {
      if (types.length() > 0) types.append(' ');
      types.append(
          arg == null ? "null"
              : arg instanceof Map ? "Map"
              : arg instanceof java.util.Collection ? "Collection"
              : arg instanceof Closure ? "Closure"
              : arg instanceof CharSequence ? "String"
              : arg.getClass().getSimpleName());
    }
    return types.toString();
  }
}
