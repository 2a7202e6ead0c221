cmake_minimum_required(VERSION 3.25)
project(quick_start LANGUAGES CXX)

find_package(conats 0.1 CONFIG REQUIRED)

add_executable(service service.cpp)
target_link_libraries(service PRIVATE conats::conats)
