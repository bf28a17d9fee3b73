// A Python extension in C++ that throws, catches its own, and turns another into a Python error.
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdexcept>

namespace {

PyObject* CatchOwn(PyObject*, PyObject* number) {
  try {
    throw PyLong_AsLong(number);
  } catch (long thrown) {
    return PyLong_FromLong(thrown + 1);
  }
}

PyObject* RaiseError(PyObject*, PyObject*) {
  try {
    throw std::runtime_error("thrown through C++");
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
    return nullptr;
  }
}

PyMethodDef kMethods[] = {{"catch_own", CatchOwn, METH_O, nullptr},
                          {"raise_error", RaiseError, METH_NOARGS, nullptr},
                          {nullptr, nullptr, 0, nullptr}};
PyModuleDef kModule = {PyModuleDef_HEAD_INIT, "thrower", nullptr, -1, kMethods, nullptr, nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit_thrower() { return PyModule_Create(&kModule); }
